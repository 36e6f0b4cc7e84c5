// The shortest form of a slash path, as Go's path.Clean has it.

/** An empty part, `.` or `..`: without one the path is its shortest form. */
const LONGER = /(?:^|\/)\.{0,2}(?:\/|$)/;

export function cleanPath(path: string): string {
  if (!LONGER.test(path)) return path;
  const rooted = path.startsWith('/');
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') kept.push(part);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!rooted) kept.push('..');
  }
  const text = kept.join('/');
  if (rooted) return `/${text}`;
  return text || '.';
}
