// `manifest annotate`: says of an image in a list for which platform it is.
import { command } from '../../session/context.ts';
import { exactly, Failure, flag } from '../../grammar/index.ts';
import { fullReference, ManifestStore } from './store.ts';

/** What docker takes. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  darwin: '386 amd64 arm arm64',
  dragonfly: 'amd64',
  freebsd: '386 amd64 arm',
  linux: '386 amd64 arm arm64 mips64 mips64le ppc64le riscv64 s390x',
  netbsd: '386 amd64 arm',
  openbsd: '386 amd64 arm',
  plan9: '386 amd64',
  solaris: 'amd64',
  windows: '386 amd64',
};

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
    const [os, arch] = [flags.os || (platform.os ?? ''), flags.arch || (platform.architecture ?? '')];
    if (!ARCHITECTURES[os]?.split(' ').includes(arch))
      throw new Failure(`manifest entry for image has unsupported os/arch combination: ${flags.os}/${flags.arch}`);
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
