// Which attestations a build was asked for. Pure.
import { invalid, notImplemented } from '../../base/errors.ts';

export interface AttestOptions {
  readonly provenance?: { readonly mode: 'min' | 'max'; readonly builder: string; readonly reproducible: boolean };
  readonly sbom?: true;
}

/** Attributes by type, as `--attest` and BuildKit's clients have them. Throws invalid and notImplemented. */
export function attestRequest(asked: ReadonlyMap<string, string> | undefined): AttestOptions {
  let request: AttestOptions = {};
  for (const [type, text] of asked ?? []) {
    const fields = new Map(
      text.split(',').flatMap((field): [string, string][] => {
        const at = field.indexOf('=');
        return field === '' ? [] : [at < 0 ? [field, 'true'] : [field.slice(0, at), field.slice(at + 1)]];
      }),
    );
    if (fields.get('disabled') === 'true') continue;
    if (type === 'provenance') {
      // what clients ask for by themselves, where it costs nothing: an image with it is an index, which not everybody takes
      if (fields.get('inline-only') === 'true') continue;
      const mode = fields.get('mode') ?? 'min';
      if (mode !== 'min' && mode !== 'max') throw invalid(`invalid mode "${mode}" for provenance`);
      const version = fields.get('version') ?? 'v1';
      if (version !== 'v1') throw notImplemented(`provenance of the version ${version} is not implemented: v1 is`);
      const builder = fields.get('builder-id') ?? '';
      request = { ...request, provenance: { mode, builder, reproducible: fields.get('reproducible') === 'true' } };
    } else if (type === 'sbom') {
      const generator = fields.get('generator') ?? '';
      if (generator !== '') throw notImplemented(`SBOM generators (${generator}) are not implemented`);
      request = { ...request, sbom: true };
    } else throw invalid(`unsupported attestation type "${type}"`);
  }
  return request;
}

export function wantsAttestations({ provenance, sbom }: AttestOptions): boolean {
  return provenance !== undefined || sbom !== undefined;
}
