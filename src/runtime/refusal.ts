// What an OCI runtime says when it refuses, in the words that Docker's users and tools know: those of runc. Pure.

/** Without the logger's frame: `time="…" level=error msg="…"` becomes the message, `ERRO[0000] …` its text. */
function unframed(text: string): string {
  const framed = /msg="((?:[^"\\]|\\.)*)"/.exec(text)?.[1];
  const words = framed === undefined ? text : (JSON.parse(`"${framed}"`) as string);
  return words
    .replace(/^(?:ERRO|FATA)\[\d+\]\s*/, '')
    .replace(/^\d{4}-\d\d-\d\dT\S+: /, '')
    .trim();
}

/**
 * crun's sentences about a program that cannot be run, and what runc says of the same; `$0` is the program. They begin so:
 * a sentence about anything else, such as the source of a mount that is not there, stays as it is.
 */
const PROGRAM_FAULTS: readonly [RegExp, string][] = [
  [/^executable file `?.*?`? not found in \$PATH/i, 'exec: "$0": executable file not found in $PATH'],
  [
    /^(?:executable file `?.*?`? not found|(?:exec|open executable|stat)\b.*: No such file or directory)/i,
    'exec: "$0": stat $0: no such file or directory',
  ],
  [/^(?:open executable|executable).*: (?:Operation not permitted|Is a directory)/i, 'exec: "$0": permission denied'],
  [/^(?:open executable|executable|exec).*: Permission denied/i, 'exec: "$0": permission denied'],
  [/^(?:open executable|executable|exec|stat).*: Not a directory/i, 'exec: "$0": stat $0: not a directory'],
  [/^exec.*: Exec format error/i, 'exec $0: exec format error'],
];

export interface Refusal {
  readonly runtime: string;
  readonly verb: 'create' | 'exec';
  /** The first word of the command that was to be run. */
  readonly program: string;
  readonly text: string;
}

/** The refusal without the name of the runtime's call in front. */
export function refusalWords({ runtime, verb, program, text }: Refusal): string {
  const words = unframed(text);
  const fault = words.startsWith('runc ') || words.startsWith('exec failed') ? undefined : faultOf(words, program);
  if (verb === 'exec') {
    const plain = words.replace(/^runc exec failed: /, 'exec failed: ');
    return fault ? `exec failed: unable to start container process: ${fault}` : plain;
  }
  if (fault) return `${runtime} create failed: unable to start container process: ${fault}`;
  return words;
}

/** crun names the search path also for a program that was given by its path. */
function faultOf(words: string, program: string): string | undefined {
  const known = program.includes('/') ? words.replace(' in $PATH', '') : words;
  const fault = PROGRAM_FAULTS.find(([pattern]) => pattern.test(known))?.[1];
  // crun takes the empty name for the directory that it is looked for in
  return program === '' && fault !== undefined
    ? PROGRAM_FAULTS[0]?.[1].replace('$0', '')
    : fault?.replaceAll('$0', program);
}

/** 127: there is no such program; 126: it cannot be executed; 128: anything else. */
export function exitCodeOf(words: string): number {
  if (/executable file not found|no such file or directory|system cannot find the file/i.test(words)) return 127;
  if (/permission denied|is a directory|exec format error|not a directory/i.test(words)) return 126;
  return 128;
}
