// `images --tree`: what each image has for which platform, as lines under its names.
import { humanSize } from '../../../base/units.ts';
import type { ImageSummary, ManifestSummary } from '../../../spec/docker/image.ts';

interface Line {
  readonly text: string;
  /** Absent where further names of an image follow. */
  readonly cells?: readonly [id: string, disk: string, content: string, extra: string];
}

const GAP = '   ';
const TITLES: Line = { text: 'IMAGE', cells: ['ID', 'DISK USAGE', 'CONTENT SIZE', 'EXTRA'] };
const LEGEND = 'Info ->  U In Use ';

/** The whole table, newest image first. Pure. */
export function imageTree(images: readonly ImageSummary[]): string {
  const blocks = images.toSorted((one, other) => other.Created - one.Created).map(linesOf);
  const lines = [TITLES, ...blocks.flat()];
  const widths = [0, 1, 2, 3].map((at) => Math.max(...lines.map(({ cells }) => cells?.[at]?.length ?? 0)));
  const first = Math.max(...lines.map(({ text }) => text.length));
  const shown = ({ text, cells }: Line): string => {
    if (!cells) return text;
    const [id, disk, content, extra] = cells.map((cell, at) =>
      at === 1 || at === 2 ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0),
    );
    return [text.padEnd(first), id, disk, content, extra].join(GAP).trimEnd();
  };
  const spaced = images.some(({ Manifests: parts }) => (parts ?? []).length > 0);
  const body = blocks.map((block) => `${block.map(shown).join('\n')}\n`).join(spaced ? '\n' : '');
  return `${LEGEND.padStart(shown(TITLES).length)}\n\n${shown(TITLES)}\n${body}`;
}

function linesOf(image: ImageSummary): Line[] {
  const manifests = image.Manifests ?? [];
  const parts = manifests.filter(({ Kind: kind }) => kind === 'image');
  const used = image.Containers > 0 || parts.some(isUsed);
  const content = manifests.reduce((sum, { Size: { Content: bytes } }) => sum + bytes, 0);
  const disk =
    manifests.length === 0 ? image.Size : manifests.reduce((sum, { Size: { Total: bytes } }) => sum + bytes, 0);
  const names = (image.RepoTags ?? []).toSorted((one, other) => other.length - one.length);
  const last = names.pop() ?? '<untagged>';
  return [
    ...names.map((text) => ({ text })),
    { text: last, cells: cellsOf(image.Id, disk, content, used) },
    ...parts.map((part, at): Line => {
      const { architecture = '', os = '', variant } = part.ImageData?.Platform ?? {};
      const branch = at === parts.length - 1 ? '└─' : '├─';
      return {
        text: `${branch} ${[os, architecture, variant].filter(Boolean).join('/')}`,
        cells: cellsOf(part.ID, part.Size.Total, part.Size.Content, isUsed(part)),
      };
    }),
  ];
}

function isUsed(part: ManifestSummary): boolean {
  return (part.ImageData?.Containers ?? []).length > 0;
}

function cellsOf(id: string, disk: number, content: number, used: boolean): [string, string, string, string] {
  return [id.replace(/^sha256:/, '').slice(0, 12), humanSize(disk, 3), humanSize(content, 3), used ? 'U' : ''];
}
