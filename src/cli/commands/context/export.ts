// `context export`: a context with its files for TLS, as an archive for another machine.
import { writeFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { isErrno } from '../../../base/errors.ts';
import { command } from '../../session/context.ts';
import { checkContextName, DEFAULT_CONTEXT } from '../../../client/config/index.ts';
import { Failure, range } from '../../grammar/index.ts';
import { copyOf, type WholeContext } from './copy.ts';

export const exportContext = command({
  use: '[OPTIONS] CONTEXT [FILE|-]',
  description: 'Export a context to a tar archive FILE or a tar stream on STDOUT.',
  args: range(1, 2),
  flags: {},
  async run(context, { args: [name = '', path = `${name}.dockercontext`] }) {
    if (name !== DEFAULT_CONTEXT) checkContextName(name);
    if (path === '-' && context.terminal(1))
      throw new Failure('cowardly refusing to export to a terminal, specify a file path');
    const archive = await archiveOf(copyOf(context, name));
    if (path === '-') {
      context.out(archive);
      return 0;
    }
    try {
      writeFileSync(path, archive, { flag: 'wx', mode: 0o600 });
    } catch (error) {
      if (isErrno(error, 'EEXIST')) throw new Failure(`open ${path}: file exists`);
      throw error;
    }
    context.err(`Written file "${path}"\n`);
    return 0;
  },
});

async function archiveOf({ meta, tls }: WholeContext): Promise<Buffer> {
  const archive = pack();
  const mtime = new Date(0);
  archive.entry({ name: 'meta.json', mode: 0o644, mtime }, JSON.stringify(meta));
  archive.entry({ name: 'tls', type: 'directory', mode: 0o700, mtime });
  for (const [endpoint, files] of tls) {
    archive.entry({ name: `tls/${endpoint}`, type: 'directory', mode: 0o700, mtime });
    for (const [file, content] of files)
      archive.entry({ name: `tls/${endpoint}/${file}`, mode: 0o600, mtime }, content);
  }
  archive.finalize();
  return buffer(archive);
}
