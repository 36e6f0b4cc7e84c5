// Programs that keep credentials, `docker-credential-<name>`: asked over their standard streams.

export interface Kept {
  readonly Username: string;
  readonly Secret: string;
}

const NOT_FOUND = 'credentials not found in native keychain';

/** undefined when it has nothing for the registry. Throws Error when it cannot be asked. */
export function askHelper(name: string, registry: string): Kept | undefined {
  const output = call(name, 'get', registry);
  if (output === undefined) return undefined;
  const { Username = '', Secret = '' } = JSON.parse(output) as Partial<Kept>;
  return { Username, Secret };
}

export function storeWithHelper(name: string, registry: string, kept: Kept): void {
  call(name, 'store', JSON.stringify({ ServerURL: registry, ...kept }));
}

export function eraseWithHelper(name: string, registry: string): void {
  call(name, 'erase', registry);
}

function call(name: string, verb: string, input: string): string | undefined {
  const program = `docker-credential-${name}`;
  // loaded late: most commands ask no helper
  const { spawnSync } = process.getBuiltinModule('child_process');
  const result = spawnSync(program, [verb], { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'inherit'] });
  const words = (result.stdout ?? '').trim();
  if (result.status === 0) return words;
  if (words === NOT_FOUND || verb === 'erase') return undefined;
  const cause = result.error
    ? `exec: "${program}": executable file not found in $PATH`
    : `exit status ${result.status}`;
  throw new Error(
    verb === 'get'
      ? `error getting credentials - err: ${cause}, out: \`${words}\``
      : `error storing credentials - err: ${cause}, out: \`${words}\``,
  );
}
