// A graph as text, for people and for tests. Pure.
import type { Graph, GraphVertex, Op } from './vertex.ts';

export function showGraph(graph: Graph): string {
  const lines = graph.vertices.map(showVertex);
  const { result } = graph;
  lines.push(`result ${result.vertex} ${result.platform.os}/${result.platform.architecture}`);
  lines.push(`config ${JSON.stringify(result.config)}`);
  for (const { createdBy, vertex } of result.history) lines.push(`history ${vertex ?? '-'} ${createdBy}`);
  if (graph.unusedArgs.length > 0) lines.push(`unused ${graph.unusedArgs.join(' ')}`);
  return `${lines.join('\n')}\n`;
}

function showVertex({ id, name, op, inputs, noCache }: GraphVertex): string {
  return `${id} ${name}${inputs.length > 0 ? ` <- ${inputs.join(' ')}` : ''}${noCache ? ' !' : ''}\n    ${showOp(op)}`;
}

function showOp(op: Op): string {
  switch (op.kind) {
    case 'exec': {
      const mounts = op.mounts.map(
        ({ type, target, source, input, id }) => `${type}:${id}:${input ?? ''}:${source}:${target}`,
      );
      return `exec ${JSON.stringify(op.args)} in ${op.cwd}${op.user ? ` as ${op.user}` : ''} env ${op.env.join(' ')}${mounts.length > 0 ? ` mounts ${mounts.join(' ')}` : ''}${op.network === 'default' ? '' : ` network ${op.network}`}${op.insecure ? ' insecure' : ''}`;
    }
    case 'copy':
      return `copy ${op.sources.map(({ input, path }) => `${input}:${path}`).join(' ')} to ${op.destination}${op.chown ? ` owner ${op.chown}` : ''}${op.chmod ? ` mode ${op.chmod}` : ''}${op.exclude.length > 0 ? ` without ${op.exclude.join(' ')}` : ''}${op.parents ? ' parents' : ''}${op.unpack === false ? '' : ' unpack'}`;
    case 'mkdir':
      return `mkdir ${op.path}${op.owner ? ` owner ${op.owner}` : ''}`;
    case 'image':
      return `image ${op.reference} ${op.platform.os}/${op.platform.architecture}`;
    case 'context':
      return `context ${op.name || 'main'} ${op.paths?.join(' ') ?? 'all'}`;
    case 'remote':
      return `remote ${op.url}${op.checksum ? ` ${op.checksum}` : ''}`;
    case 'inline':
      return `inline ${op.files.map(({ name }) => name).join(' ')}`;
    case 'scratch':
      return 'scratch';
  }
}
