// Files of the client: whoever reads one meanwhile finds the old content or the new.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Folders that are missing are made, to be entered by those who may read the file. Throws like a system call. */
export function replaceFile(path: string, content: string | Buffer, mode: 0o600 | 0o644): void {
  mkdirSync(dirname(path), { recursive: true, mode: mode === 0o600 ? 0o700 : 0o755 });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, content, { mode });
  renameSync(temporary, path);
}
