import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ignoreMatcher } from '../../spec/ignore/index.ts';
import { parseDockerfile } from '../dockerfile/index.ts';
import { type CheckFacts, checkDockerfile, readCheckOptions, type RuleName, RULES } from './index.ts';

const amd64 = { os: 'linux', architecture: 'amd64', variant: '' };
const FACTS: CheckFacts = {
  given: new Map([['GIVEN', 'x']]),
  build: amd64,
  target: amd64,
  targetStage: '',
  allStages: true,
  ignore: ignoreMatcher(['secret*', 'tmp']),
  base: (reference) => {
    if (reference === 'unknown') return undefined;
    const platform = reference === 'foreign' ? { os: 'linux', architecture: 'arm64', variant: '' } : amd64;
    return { env: new Map([['PATH', '/bin']]), platform, hasShell: reference === 'shelled' };
  },
};

/** `Rule line message` for each finding. */
const said = (text: string, facts: Partial<CheckFacts> = {}): string[] =>
  checkDockerfile(parseDockerfile(text).value, { ...FACTS, ...facts }).findings.map(
    ({ rule, range, message }) => `${rule} ${range.start.line} ${message}`,
  );

const CASES: { readonly [R in RuleName]: readonly [string, string] } = {
  StageNameCasing: ['FROM a AS Base', "1 Stage name 'Base' should be lowercase"],
  FromAsCasing: ['FROM a as base', "1 'as' and 'FROM' keywords' casing do not match"],
  NoEmptyContinuation: ['FROM a\nRUN x \\\n\n  y', '4 Empty continuation line'],
  ConsistentInstructionCasing: [
    'FROM a\nRUN x\nuser y',
    "3 Command 'user' should match the case of the command majority (uppercase)",
  ],
  DuplicateStageName: ['FROM a AS b\nFROM a AS b', '2 Duplicate stage name "b", stage names should be unique'],
  ReservedStageName: ['FROM a AS scratch', '1 Stage name should not use the same name as reserved stage "scratch"'],
  JSONArgsRecommended: [
    'FROM a\nCMD x',
    '2 JSON arguments recommended for CMD to prevent unintended behavior related to OS signals',
  ],
  MaintainerDeprecated: ['FROM a\nMAINTAINER x', '2 Maintainer instruction is deprecated in favor of using label'],
  UndefinedArgInFrom: ['ARG IMAGE=a\nFROM a$IMGE', "2 FROM argument 'IMGE' is not declared (did you mean IMAGE?)"],
  WorkdirRelativePath: [
    'FROM a\nWORKDIR app',
    '2 Relative workdir "app" can have unexpected results if the base image changes',
  ],
  UndefinedVar: ['FROM a\nENV X=$PAHT', "2 Usage of undefined variable '$PAHT' (did you mean $PATH?)"],
  MultipleInstructionsDisallowed: [
    'FROM a\nENTRYPOINT ["x"]\nENTRYPOINT ["y"]',
    '2 Multiple ENTRYPOINT instructions should not be used in the same stage because only the last one will be used',
  ],
  LegacyKeyValueFormat: [
    'FROM a\nLABEL x y',
    '2 "LABEL key=value" should be used instead of legacy "LABEL key value" format',
  ],
  InvalidBaseImagePlatform: [
    'FROM foreign',
    '1 Base image foreign was pulled with platform "linux/arm64", expected "linux/amd64" for current build',
  ],
  RedundantTargetPlatform: [
    'FROM --platform=$TARGETPLATFORM a',
    '1 Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior',
  ],
  SecretsUsedInArgOrEnv: [
    'FROM a\nARG DB_PASSWORD',
    '2 Do not use ARG or ENV instructions for sensitive data (ARG "DB_PASSWORD")',
  ],
  InvalidDefaultArgInFrom: [
    'ARG TAG\nFROM a:$TAG',
    '2 Default value for ARG a:$TAG results in empty or invalid base image name',
  ],
  FromPlatformFlagConstDisallowed: [
    'FROM --platform=linux/amd64 a',
    '1 FROM --platform flag should not use constant value "linux/amd64"',
  ],
  CopyIgnoredFile: ['FROM a\nCOPY secrets /', '2 Attempting to Copy file "secrets" that is excluded by .dockerignore'],
  InvalidDefinitionDescription: [
    '# check=experimental=all\n# what\nFROM a AS b',
    '3 Comment for FROM should follow the format: `# b <description>`',
  ],
  ExposeProtoCasing: ['FROM a\nEXPOSE 80/TcP', "2 Defined protocol '80/TcP' in EXPOSE instruction should be lowercase"],
  ExposeInvalidFormat: [
    'FROM a\nEXPOSE 80:80',
    "2 EXPOSE instruction should not define an IP address or host-port mapping, found '80:80'",
  ],
};

test('every rule finds its fault and nothing else', () => {
  for (const [rule, [text, wanted]] of Object.entries(CASES)) assert.deepEqual(said(text), [`${rule} ${wanted}`], rule);
  assert.equal(Object.keys(CASES).length, Object.keys(RULES).length);
});

test('what is not a fault', () => {
  const clean = `
ARG IMAGE=a
FROM --platform=$BUILDPLATFORM $IMAGE AS build
ARG GIVEN PUBLIC_KEY KEY_FILE
ENV X=$GIVEN:$PATH:$HTTP_PROXY
WORKDIR /app
WORKDIR sub
COPY --from=other secrets /
FROM unknown
ENV Y=$ANYTHING
FROM shelled
CMD not json
FROM build
WORKDIR relative
SHELL ["/bin/sh"]
ENTRYPOINT x
`;
  assert.deepEqual(said(clean), []);
});

test('checks are switched off for the file, for one instruction, and made errors', () => {
  assert.deepEqual(said('# check=skip=UndefinedVar,JSONArgsRecommended\nFROM a\nENV X=$Y\nCMD x'), []);
  assert.deepEqual(said('# check=skip=all\nFROM a as B'), []);
  assert.equal(said('FROM a\n# check=skip=JSONArgsRecommended\nCMD x\nENTRYPOINT x').length, 1);
  const { failure } = checkDockerfile(parseDockerfile('# check=error=true\nFROM a as b\nCMD x').value, FACTS);
  assert.equal(failure, 'lint violation found for rules: FromAsCasing, JSONArgsRecommended');
  assert.throws(() => readCheckOptions('skip'), { message: 'invalid check option "skip"' });
  assert.throws(() => readCheckOptions('skipp=all'), { message: 'invalid check option "skipp"' });
  assert.throws(() => readCheckOptions('error=maybe'), {
    message: 'failed to parse check option "error=maybe": strconv.ParseBool: parsing "maybe": invalid syntax',
  });
});

test('a build checks the stages that it needs', () => {
  const text = 'FROM a AS one\nCMD x\nFROM a AS two\nCMD y\nFROM a\nCOPY --from=two x y\n';
  assert.equal(said(text, { allStages: false }).length, 1);
  assert.equal(said(text, { allStages: false, targetStage: 'one' }).length, 1);
  assert.equal(said(text).length, 2);
});
