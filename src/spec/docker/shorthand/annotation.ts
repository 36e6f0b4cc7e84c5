// `--annotation`: what is to be said of an image, as attributes of an output.
const KIND = /^(?:manifest|index|manifest-descriptor|index-descriptor)(?:\[[\w/-]+\])?$/;

/** `KEY=VALUE`, or with kinds before it: `index,manifest[linux/amd64]:KEY=VALUE`. Throws Error with buildx's text. */
export function annotationAttributes(texts: readonly string[]): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const text of texts) {
    const at = text.indexOf('=');
    const colon = text.slice(0, Math.max(at, 0)).indexOf(':');
    const kinds = colon < 0 ? [] : text.slice(0, colon).split(',');
    const isKind = kinds.every((kind) => KIND.test(kind));
    const key = text.slice(isKind ? colon + 1 : 0, Math.max(at, 0));
    if (key === '') throw new Error(`ERROR: invalid annotation ${JSON.stringify(text)}, expected key=value`);
    const places = isKind && kinds.length > 0 ? kinds.map((kind) => `-${kind}`) : [''];
    for (const place of places) attributes[`annotation${place}.${key}`] = text.slice(at + 1);
  }
  return attributes;
}
