// The checks of a Dockerfile with what is known here of its base images; in a build they are told as warnings.
import { BerthError, invalid } from '../base/errors.ts';
import { ignoreMatcher } from '../spec/ignore/index.ts';
import { hostPlatform, type Platform, parsePlatform } from '../spec/oci/index.ts';
import { automaticArgs, type Dockerfile, type Platform as Named, Failure } from './dockerfile/index.ts';
import { type BaseFacts, checkDockerfile, type Checked, type CheckOptions, readCheckOptions } from './lint/index.ts';
import { type Outline, outlineOf } from './outline.ts';
import type { BuilderImages } from './model/ports.ts';
import type { BuildRequest } from './model/request.ts';

export interface ShownCheck {
  readonly rule: string;
  readonly short: string;
  readonly detail: readonly string[];
  readonly url: string;
  readonly file: string;
  readonly source: Uint8Array;
  readonly ranges: readonly { readonly startLine: number; readonly endLine: number }[];
}

export interface CheckFault {
  readonly message: string;
  /** Empty where no line is to blame. */
  readonly ranges: ShownCheck['ranges'];
}

export interface CheckTarget {
  readonly name: string;
  readonly description: string;
  readonly base: string;
  readonly platform: string;
  readonly isDefault: boolean;
}

export interface CheckResult {
  /** The Dockerfile's name. */
  readonly file: string;
  /** The Dockerfile. */
  readonly source: Uint8Array;
  readonly findings: readonly ShownCheck[];
  /** Set when findings fail the build. */
  readonly failure: string | undefined;
  /** Why it can't be built at all. */
  readonly fault?: CheckFault | undefined;
  /** Throws when the Dockerfile can't be read. */
  readonly targets: () => readonly CheckTarget[];
  /** What the target takes. Throws invalid for one that is not there. */
  readonly outline: () => Outline;
}

const named = ({ os, architecture, variant = '' }: Platform): Named => ({ os, architecture, variant });

/** Throws invalid for options of checks that can't be read. */
export function checksOf(
  dockerfile: Dockerfile,
  text: Uint8Array,
  ignore: readonly string[],
  request: BuildRequest,
  images: BuilderImages,
  allStages: boolean,
): CheckResult {
  const { path = '' } = request.dockerfile.kind === 'file' ? request.dockerfile : {};
  const file = path.slice(path.lastIndexOf('/') + 1) || 'Dockerfile';
  const given = request.buildArgs ?? new Map<string, string>();
  let checked: Checked;
  try {
    const options = given.get('BUILDKIT_DOCKERFILE_CHECK');
    checked = checkDockerfile(dockerfile, {
      given,
      build: named(hostPlatform()),
      target: named(request.platforms?.[0] ?? hostPlatform()),
      targetStage: request.target ?? '',
      allStages: allStages && (request.target ?? '') === '',
      ignore: ignoreMatcher(ignore),
      base: (reference, platform) => baseFacts(images, reference, platform, request),
      ...(options === undefined ? {} : { options: optionsOf(options) }),
    });
  } catch (error) {
    if (error instanceof Failure) throw invalid(`failed to parse check options: ${error.message}`);
    throw error;
  }
  const findings = checked.findings.map(
    ({ rule, message, description, url, range: { start, end } }): ShownCheck => ({
      rule,
      short: message,
      detail: [description],
      url,
      file,
      source: text,
      ranges: [{ startLine: start.line, endLine: end.line }],
    }),
  );
  const last = dockerfile.stages.length - 1;
  const targets = (): CheckTarget[] =>
    dockerfile.stages.map(({ name, description, base, platform, index }) => ({
      name,
      description,
      base,
      platform,
      isDefault: index === last,
    }));
  const outline = (): Outline => {
    const { target = '', platforms = [] } = request;
    const automatic = automaticArgs(named(hostPlatform()), named(platforms[0] ?? hostPlatform()), target);
    return outlineOf({ dockerfile, given, automatic, target });
  };
  return { file, source: text, findings, failure: checked.failure, targets, outline };
}

function optionsOf(text: string): CheckOptions {
  return readCheckOptions(text);
}

/** Only of images that are here; of others nothing is known. */
function baseFacts(
  images: BuilderImages,
  reference: string,
  platform: string,
  request: BuildRequest,
): BaseFacts | undefined {
  if (request.contexts?.has(reference)) return undefined;
  try {
    const wanted = platform === '' ? (request.platforms?.[0] ?? hostPlatform()) : parsePlatform(platform);
    const image = images.find(reference, wanted);
    if (!image) return undefined;
    const { config, os, architecture, variant = '' } = image.file;
    const env = new Map((config?.Env ?? []).map((pair): [string, string] => cut(pair)));
    return { env, platform: { os, architecture, variant }, hasShell: (config?.Shell ?? []).length > 0 };
  } catch (error) {
    if (error instanceof BerthError) return undefined;
    throw error;
  }
}

function cut(pair: string): [string, string] {
  const at = pair.indexOf('=');
  return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
}
