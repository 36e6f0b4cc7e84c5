// Lines of a Dockerfile with those marked that something is about, as BuildKit's clients show them. Pure.
import type { ShownFinding, ShownPlace } from '../../../spec/berth/build.ts';

export function placeText({ file, source, ranges }: ShownPlace): string {
  const lines = Buffer.from(source, 'base64').toString().split('\n');
  const first = Math.min(...ranges.map(({ startLine }) => startLine));
  let last = Math.min(Math.max(...ranges.map(({ endLine }) => endLine)), lines.length);
  if (!(first >= 1 && first <= lines.length)) return '';
  let start = first;
  const padding = last === first ? 4 : 2;
  for (let added = 0; added < padding; added += 1) {
    if (start > 1) {
      start -= 1;
      added += 1;
    }
    if (last !== lines.length) {
      last += 1;
      added += 1;
    }
  }
  const marked = (line: number): boolean =>
    ranges.some(({ startLine, endLine }) => line >= startLine && line <= endLine);
  const rule = '-'.repeat(20);
  let text = `${file}:${first}\n${rule}\n`;
  for (let line = start; line <= last; line += 1) {
    text += ` ${String(line).padStart(3)} | ${marked(line) ? '>>>' : '   '} ${lines[line - 1] ?? ''}\n`;
  }
  return `${text}${rule}\n`;
}

/** One finding of the checks with all that is to be said of it. */
export function findingText(finding: ShownFinding): string {
  const { rule, url, short } = finding;
  return `\nWARNING: ${rule}${url === '' ? '' : ` - ${url}`}\n${short}\n${placeText(finding)}`;
}

/** The line that ends `--check`. */
export function checkSummary(count: number): string {
  if (count === 0) return 'Check complete, no warnings found.\n';
  return `Check complete, ${count} ${count === 1 ? 'warning has' : 'warnings have'} been found!\n`;
}

/** The short list of findings that follows a build. */
export function warningsText(findings: readonly ShownFinding[], debugHint: string): string {
  if (findings.length === 0) return '';
  const lines = findings.map(({ rule, short, ranges }) => {
    const line = ranges[0]?.startLine;
    return ` - ${rule}: ${short}${line === undefined ? '' : ` (line ${line})`}\n`;
  });
  const count = `${findings.length} ${findings.length === 1 ? 'warning' : 'warnings'} found`;
  return `\n ${count}${debugHint}:\n${lines.join('')}`;
}
