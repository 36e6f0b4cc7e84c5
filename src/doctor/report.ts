// Findings as a table for people: a line each, and below it what it costs and what to do. Pure.
import { canRun, type Finding } from './findings.ts';

/** Ends with a newline. */
export function report(found: readonly Finding[]): string {
  const width = Math.max(...found.map(({ check }) => check.length)) + 2;
  const lines = found.flatMap(({ check, state, seen, cost, remedy }) => [
    `${state.padEnd(6)}${check.padEnd(width)}${seen}`,
    ...(cost === undefined ? [] : [`${' '.repeat(6 + width)}cost: ${cost}`]),
    ...(remedy === undefined ? [] : [`${' '.repeat(6 + width)}try:  ${remedy}`]),
  ]);
  return `${lines.join('\n')}\n\n${summary(found)}\n`;
}

function summary(found: readonly Finding[]): string {
  const count = (state: Finding['state']): number => found.filter((one) => one.state === state).length;
  const [warned, failed] = [count('warn'), count('fail')];
  if (!canRun(found)) return `Containers can't run here: ${failed} ${failed === 1 ? 'check' : 'checks'} failed.`;
  if (warned === 0) return 'Containers can run here.';
  return `Containers can run here, with ${warned} ${warned === 1 ? 'thing' : 'things'} missing.`;
}
