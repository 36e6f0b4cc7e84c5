// `stack config`: the files of a stack as they were understood.
import { loadModel, modelText, projectYaml } from '../../../compose/index.ts';
import { command } from '../../session/context.ts';
import { flag, none } from '../../grammar/index.ts';
import { hostOf } from '../compose/command/host.ts';
import { composeFile, loadFiles } from './files.ts';

export const config = command({
  use: '[OPTIONS]',
  description: 'Outputs the final config file, after doing merges and interpolations',
  args: none,
  flags: {
    ...composeFile,
    'skip-interpolation': flag.bool('', 'Skip interpolation and output only merged config'),
  },
  run(context, { flags }) {
    const files = flags['compose-file'];
    if (flags['skip-interpolation']) {
      const { tree } = loadModel({ files, interpolates: false }, hostOf(context));
      context.out(modelText(tree, 'yaml', false));
    } else context.out(projectYaml(loadFiles(context, '', files).project));
    return Promise.resolve(0);
  },
});
