// Names of images in full, as BuildKit tells them. Pure.

/** `docker.io/library/busybox` for `busybox`; a tag or digest stays. */
export function withDomain(name: string): string {
  const [first = '', ...rest] = name.split('/');
  if (rest.length > 0 && /[.:]|^localhost$/.test(first)) return name;
  return `docker.io/${rest.length > 0 ? '' : 'library/'}${name}`;
}

/** `docker.io/library/busybox:latest` for `busybox`. */
export function fullName(name: string): string {
  const full = withDomain(name);
  return full.includes(':', full.lastIndexOf('/') + 1) ? full : `${full}:latest`;
}
