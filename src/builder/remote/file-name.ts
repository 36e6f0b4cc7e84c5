// The name that a file from the web gets: the end of the address that was written, else what the server says; never a path. Pure.

/** One name without slashes; `download` when neither says one. */
export function fileNameOf(address: string, disposition: string | undefined): string {
  return plain(fromUrl(address)) ?? plain(fromDisposition(disposition ?? '')) ?? 'download';
}

/** `attachment; filename="x"`, and the form of RFC 5987 with its percent signs. */
function fromDisposition(header: string): string {
  const encoded = /;\s*filename\*\s*=\s*utf-8'[^']*'([^;\s]+)/i.exec(header)?.[1];
  if (encoded !== undefined) return decoded(encoded);
  const quoted = /;\s*filename\s*=\s*"((?:[^"\\]|\\.)*)"/i.exec(header)?.[1];
  if (quoted !== undefined) return quoted.replaceAll(/\\(.)/g, '$1');
  return /;\s*filename\s*=\s*([^;\s"]+)/i.exec(header)?.[1] ?? '';
}

function fromUrl(url: string): string {
  try {
    return decoded(new URL(url).pathname);
  } catch {
    return '';
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The last part, when it can be a name of a file. */
function plain(text: string): string | undefined {
  const name = text.split(/[/\\]/).at(-1) ?? '';
  if (name === '' || name === '.' || name === '..' || name.includes('\0')) return undefined;
  return Buffer.byteLength(name) > 255 ? undefined : name;
}
