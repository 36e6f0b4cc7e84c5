// `manifest annotate`: says of an image in a list for which platform it is.
import { command } from '../../context.ts';
import { exactly, Failure, flag } from '../../grammar/index.ts';
import { fullReference, ManifestStore } from './store.ts';

const SYSTEMS =
  'aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris wasip1 windows zos'.split(
    ' ',
  );

export const annotate = command({
  use: '[OPTIONS] MANIFEST_LIST MANIFEST',
  description: 'Add additional information to a local image manifest',
  args: exactly(2),
  flags: {
    arch: flag.string('', 'Set architecture'),
    os: flag.string('', 'Set operating system'),
    'os-features': flag.strings('', 'Set operating system feature'),
    'os-version': flag.string('', 'Set operating system version'),
    variant: flag.string('', 'Set architecture variant'),
  },
  async run(context, { flags, args: [list = '', image = ''] }) {
    const store = new ManifestStore(context);
    const [target, reference] = [fullReference(list), fullReference(image)];
    const manifest = store.get(target, reference);
    if (!manifest) throw new Failure(`manifest for image ${image} does not exist in ${list}`);
    const { platform = {} } = manifest.Descriptor;
    if (flags.os !== '' && !SYSTEMS.includes(flags.os))
      throw new Failure(
        `manifest entry for image has unsupported os/arch combination: ${flags.os}/${flags.arch || (platform.architecture ?? '')}`,
      );
    manifest.Descriptor.platform = {
      ...platform,
      ...(flags.os === '' ? {} : { os: flags.os }),
      ...(flags.arch === '' ? {} : { architecture: flags.arch }),
      ...(flags.variant === '' ? {} : { variant: flags.variant }),
      ...(flags['os-version'] === '' ? {} : { 'os.version': flags['os-version'] }),
      ...(flags['os-features'].length === 0
        ? {}
        : { 'os.features': [...new Set([...(platform['os.features'] ?? []), ...flags['os-features']])] }),
    };
    store.save(target, manifest);
    return 0;
  },
});
