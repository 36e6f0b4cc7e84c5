// `images`: the list of images, a line for each tag.
import { humanDuration, humanSize } from '../../../base/units.ts';
import type { ImageSummary } from '../../../spec/docker/image.ts';
import { command } from '../../session/context.ts';
import { parse, renderRows, type Row } from '../../format/index.ts';
import { atMost, Failure, FORMAT_HELP, flag } from '../../grammar/index.ts';
import { parseReference } from '../../../spec/docker/shorthand/index.ts';
import { goTime } from '../shared/time.ts';
import { imageTree } from './tree.ts';

const SINCE = '{{if .CreatedSince }}{{.CreatedSince}}{{else}}N/A{{end}}';

export const IMAGE_KIND = {
  typeName: '*formatter.imageContext',
  titles: {
    ID: 'IMAGE ID',
    Repository: 'REPOSITORY',
    Tag: 'TAG',
    Digest: 'DIGEST',
    CreatedSince: 'CREATED',
    CreatedAt: 'CREATED AT',
    Size: 'SIZE',
    Containers: 'CONTAINERS',
    VirtualSize: 'SIZE',
    SharedSize: 'SHARED SIZE',
    UniqueSize: 'UNIQUE SIZE',
  },
};

const SUBCOMMANDS = 'build history import inspect list load ls prune pull push rm save tag'.split(' ');

export const images = command({
  use: '[OPTIONS] [REPOSITORY[:TAG]]',
  description: 'List images',
  aliases: 'docker image ls, docker image list, docker images',
  args: atMost(1),
  flags: {
    all: flag.bool('a', 'Show all images (default hides intermediate images)'),
    digests: flag.bool('', 'Show digests'),
    filter: flag.filter('f', 'Filter output based on conditions provided'),
    format: flag.string('', FORMAT_HELP),
    'no-trunc': flag.bool('', "Don't truncate output"),
    quiet: flag.bool('q', 'Only show image IDs'),
    tree: flag.bool('', 'List multi-platform images as a tree (EXPERIMENTAL)', false, { since: '1.47' }),
  },
  async run(context, { flags, args: [name], path }) {
    const filters = new Map(flags.filter);
    if (name !== undefined) filters.set('reference', [...(filters.get('reference') ?? []), name]);
    if (flags.tree) {
      for (const [flag, given] of [
        ['quiet', flags.quiet],
        ['no-trunc', flags['no-trunc']],
        ['show-digest', flags.digests],
        ['format', flags.format !== ''],
      ])
        if (given) throw new Failure(`--${flag} is not yet supported with --tree`);
      const found = await context.client.call('ImageList', { query: { filters, manifests: true, all: flags.all } });
      context.out(imageTree(found.filter((image) => flags.all || image.RepoTags.length > 0)));
      return 0;
    }
    const { imagesFormat } = context.config();
    const own = flags.format || (typeof imagesFormat === 'string' && !flags.quiet ? imagesFormat : 'table');
    if (own !== 'table') parse(own);
    const found = await context.client.call('ImageList', { query: { filters, ...(flags.all ? { all: true } : {}) } });
    const withDigest = flags.digests || own.includes('{{.Digest}}');
    const rows = found.flatMap((image) =>
      imageRows(image, { trunc: !flags['no-trunc'], withDigest, digestRows: flags.digests }),
    );
    context.out(renderRows(chooseFormat(own, flags.quiet, flags.digests), rows, IMAGE_KIND));
    if (name !== undefined && found.length === 0 && path.endsWith(' images') && SUBCOMMANDS.includes(name)) {
      context.err(`\nNo images found matching "${name}": did you mean "docker image ${name}"?\n`);
    }
    return 0;
  },
});

function chooseFormat(format: string, quiet: boolean, digests: boolean): string {
  if (format === 'table') {
    if (quiet) return '{{.ID}}';
    return `table {{.Repository}}\t{{.Tag}}\t${digests ? '{{.Digest}}\t' : ''}{{.ID}}\t${SINCE}\t{{.Size}}`;
  }
  if (format === 'raw') {
    if (quiet) return 'image_id: {{.ID}}';
    return `repository: {{ .Repository }}\ntag: {{.Tag}}\n${digests ? 'digest: {{.Digest}}\n' : ''}image_id: {{.ID}}\ncreated_at: {{.CreatedAt}}\nvirtual_size: {{.Size}}\n`;
  }
  return format.startsWith('table') && digests && !format.includes('{{.Digest}}') ? `${format}\t{{.Digest}}` : format;
}

interface RowOptions {
  readonly trunc: boolean;
  /** digests stand beside tags */
  readonly withDigest: boolean;
  /** digests without a tag have rows of their own */
  readonly digestRows: boolean;
}

export function imageRows(image: ImageSummary, options: RowOptions): Row[] {
  const names = (image.RepoTags ?? []).filter((tag) => tag !== '<none>:<none>');
  const digests = (image.RepoDigests ?? []).filter((digest) => digest !== '<none>@<none>');
  const row = (repository: string, tag: string, digest: string): Row =>
    imageRow(image, options.trunc, repository, tag, digest);
  if (names.length === 0 && digests.length === 0) return [row('<none>', '<none>', '<none>')];
  const byRepository = new Map<string, string[]>();
  for (const text of digests) {
    const [name = '', digest = ''] = text.split('@');
    const short = familiar(name);
    byRepository.set(short, [...(byRepository.get(short) ?? []), digest]);
  }
  const rows: Row[] = [];
  const tagged = new Set<string>();
  for (const text of names) {
    const colon = text.lastIndexOf(':');
    const name = familiar(text.slice(0, colon));
    tagged.add(name);
    const own = options.withDigest ? (byRepository.get(name) ?? []) : [];
    for (const digest of own.length > 0 ? own : ['<none>']) rows.push(row(name, text.slice(colon + 1), digest));
  }
  for (const [name, own] of byRepository) {
    if (tagged.has(name)) continue;
    for (const digest of options.digestRows ? own : ['']) rows.push(row(name, '<none>', digest));
  }
  return rows;
}

function familiar(name: string): string {
  try {
    return parseReference(name).name;
  } catch {
    return name;
  }
}

export function imageRow(image: ImageSummary, trunc: boolean, repository: string, tag: string, digest: string): Row {
  const shared = image.SharedSize ?? -1;
  return {
    ID: trunc ? image.Id.replace(/^sha256:/, '').slice(0, 12) : image.Id,
    Repository: repository,
    Tag: tag,
    Digest: digest,
    get CreatedSince() {
      return `${humanDuration(Date.now() / 1000 - image.Created)} ago`;
    },
    get CreatedAt() {
      return goTime(image.Created);
    },
    Size: humanSize(image.Size, 3),
    Containers: image.Containers === -1 ? 'N/A' : String(image.Containers),
    VirtualSize: humanSize(image.Size, 4),
    SharedSize: shared === -1 ? 'N/A' : humanSize(shared, 4),
    UniqueSize: shared === -1 ? 'N/A' : humanSize(image.Size - shared, 4),
  };
}
