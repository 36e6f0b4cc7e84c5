// `context inspect`: all that is known of contexts.
import { command } from '../../session/context.ts';
import { DEFAULT_CONTEXT } from '../../../client/config/index.ts';
import { any, flag, INSPECT_FORMAT_HELP } from '../../grammar/index.ts';
import { inspect } from '../shared/inspecting.ts';
import { metaOf } from './meta.ts';

export const inspectContext = command({
  use: '[OPTIONS] [CONTEXT] [CONTEXT...]',
  description: 'Display detailed information on one or more contexts',
  args: any,
  flags: {
    format: flag.string('f', INSPECT_FORMAT_HELP),
  },
  run(context, { flags, args }) {
    const { contexts, currentContext } = context;
    return inspect(context, args.length === 0 ? [currentContext] : args, flags.format, (name) => {
      const inFile = name !== DEFAULT_CONTEXT;
      const place = (path: string): string => (inFile ? path : '<IN MEMORY>');
      const whole = {
        ...metaOf(context, name),
        TLSMaterial: inFile ? contexts.tlsFiles(name) : {},
        Storage: { MetadataPath: place(contexts.metaPath(name)), TLSPath: place(contexts.tlsPath(name)) },
      };
      // as Go writes JSON
      const json = JSON.stringify(whole).replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
      return Promise.resolve(json);
    });
  },
});
