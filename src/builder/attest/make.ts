// What a build says of one of its images: how it came to be, and what packages it holds.
import { rfc3339 } from '../../base/clock.ts';
import type { Digest } from '../../base/ids.ts';
import { formatPlatform, hostPlatform } from '../../spec/oci/index.ts';
import type { BuildEnd, Solved } from '../solve/solved.ts';
import { lowerDirsOf } from '../ops/workspace.ts';
import { observePackages } from './observe.ts';
import type { Material } from '../model/material.ts';
import { PROVENANCE_TYPE, provenanceOf } from './provenance.ts';
import { sbomOf, SPDX_TYPE } from './sbom.ts';
import type { Attestation } from '../model/statement.ts';
import { attestRequest } from './request.ts';

const TOOL = 'berth';

/** None where none was asked for. */
export async function attestationsOf(
  { context, request, id, started, dockerfile, materials, signal }: BuildEnd,
  { graph }: Solved,
  chain: Digest | undefined,
): Promise<Attestation[]> {
  const { provenance, sbom } = attestRequest(request.attestations);
  const epoch = request.sourceDateEpoch;
  const fixed = epoch === undefined ? undefined : rfc3339(BigInt(epoch) * 1_000_000_000n);
  const made: Attestation[] = [];
  if (sbom) {
    const packages = await observePackages(lowerDirsOf(context, chain), signal);
    const created = (fixed ?? rfc3339()).replace(/\.\d+Z$/, 'Z');
    made.push({ predicateType: SPDX_TYPE, predicate: sbomOf({ name: 'sbom', created, tool: TOOL, packages }) });
  }
  if (provenance) {
    const execs = graph.vertices.flatMap(({ op }) => (op.kind === 'exec' ? op.mounts : []));
    const idsOf = (type: 'secret' | 'ssh'): string[] =>
      [...new Set(execs.filter((mount) => mount.type === type).map((mount) => mount.id))].sort();
    const { origin } = request.context;
    const predicate = provenanceOf({
      mode: provenance.mode,
      buildId: id,
      builder: provenance.builder,
      started,
      finished: rfc3339(),
      platform: formatPlatform(hostPlatform()),
      dockerfile: { path: dockerfile.name, text: Buffer.from(dockerfile.text).toString() },
      ...(origin ? { context: origin } : {}),
      locals: origin ? [] : ['context', 'dockerfile'],
      args: argsOf(request),
      secrets: idsOf('secret'),
      ssh: idsOf('ssh'),
      materials: [...imagesOf(context, graph), ...materials, ...(origin ? [repositoryOf(origin)] : [])],
      reproducible: provenance.reproducible,
    });
    made.push({ predicateType: PROVENANCE_TYPE, predicate });
  }
  return made;
}

function repositoryOf({ uri, commit }: { readonly uri: string; readonly commit: string }): Material {
  const [remote = '', ref = ''] = uri.split('#');
  return { kind: 'git', remote, ref, commit };
}

function argsOf({ buildArgs, labels, target }: BuildEnd['request']): Record<string, string> {
  const named = (prefix: string, map: ReadonlyMap<string, string> | undefined): [string, string][] =>
    [...(map ?? [])].map(([key, value]) => [`${prefix}:${key}`, value]);
  return Object.fromEntries([
    ...named('build-arg', buildArgs),
    ...named('label', labels),
    ...(target ? [['target', target] as const] : []),
  ]);
}

function imagesOf({ images }: BuildEnd['context'], graph: Solved['graph']): Material[] {
  return graph.vertices.flatMap(({ op }): Material[] => {
    if (op.kind !== 'image') return [];
    const found = images.find(op.reference, op.platform);
    const digest = found?.manifest ?? found?.id;
    if (digest === undefined) return [];
    return [{ kind: 'image', reference: op.reference, digest, platform: formatPlatform(op.platform) }];
  });
}
