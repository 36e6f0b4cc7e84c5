// The terminal of this program in raw mode: every key goes to somebody else.

/** Gives back what undoes it. */
export function enterRawMode(): () => void {
  const { stdin } = process;
  stdin.setRawMode(true);
  // Node leaves the terminal turning \n into \r\n, which the other side's terminal has done already. Leaving raw mode undoes it.
  process.getBuiltinModule('child_process').spawnSync('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] });
  return () => stdin.setRawMode(false);
}
