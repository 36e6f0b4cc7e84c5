// Checks of the text alone: they need nothing but the Dockerfile.
import type { Node } from '../dockerfile/syntax/ast.ts';
import type { Dockerfile } from '../dockerfile/index.ts';
import type { Findings } from './finding.ts';

export function checkText(dockerfile: Dockerfile, findings: Findings): void {
  for (const { emptyContinuation, range } of dockerfile.nodes) {
    const place = { start: { line: range.end.line, column: 1 }, end: range.end };
    if (emptyContinuation) findings.above([])('NoEmptyContinuation', place);
  }
  for (const node of dockerfile.nodes) checkNode(node, findings);
  checkStageNames(dockerfile, findings);
  checkCasing(dockerfile, findings);
}

const isLower = (text: string): boolean => text === text.toLowerCase();
const isUpper = (text: string): boolean => text === text.toUpperCase();

function checkNode(node: Node, findings: Findings): void {
  const note = findings.above(node.comments);
  const words = node.rest.split(/[\t\v\f\r ]+/);
  switch (node.keyword.toLowerCase()) {
    case 'maintainer':
      note('MaintainerDeprecated', node.range);
      return;
    case 'from': {
      const [, as = '', name = ''] = words;
      if (words.length !== 3) return;
      if (!isLower(name)) note('StageNameCasing', node.range, name);
      const { keyword } = node;
      const differs = isLower(keyword) ? !isLower(as) : isUpper(keyword) && !isUpper(as);
      if (differs) note('FromAsCasing', node.range, keyword, as);
      checkDescription(node, 'FROM', [name.toLowerCase()], findings);
      return;
    }
    case 'arg': {
      const keys = words.map((word) => word.split('=')[0] ?? '');
      checkDescription(node, 'ARG', keys, findings);
      return;
    }
    default:
  }
}

function checkDescription(node: Node, keyword: string, names: readonly string[], findings: Findings): void {
  const last = node.comments.at(-1);
  if (last === undefined || names.includes(last.split(' ')[0] ?? '')) return;
  const name = names.length > 1 ? '<arg_key>' : (names[0] ?? '');
  findings.above(node.comments)('InvalidDefinitionDescription', node.range, keyword, name);
}

function checkStageNames({ stages }: Dockerfile, findings: Findings): void {
  const seen = new Set<string>();
  const note = findings.above([]);
  for (const { name, range } of stages) {
    if (name === '') continue;
    if (name === 'context' || name === 'scratch') note('ReservedStageName', range, name);
    if (seen.has(name)) note('DuplicateStageName', range, name);
    seen.add(name);
  }
}

/** Instructions are all upper or all lower case, as most of them are. ARG before the first FROM does not count. */
function checkCasing({ stages }: Dockerfile, findings: Findings): void {
  const all = stages.flatMap((stage) => [stage, ...stage.instructions]);
  const lower = all.filter(({ keyword }) => isLower(keyword)).length;
  const upper = all.filter(({ keyword }) => !isLower(keyword) && isUpper(keyword)).length;
  const wantsLower = lower > upper;
  const note = findings.above([]);
  for (const { keyword, range } of all) {
    if (wantsLower ? isLower(keyword) : isUpper(keyword)) continue;
    note('ConsistentInstructionCasing', range, keyword, wantsLower ? 'lowercase' : 'uppercase');
  }
}
