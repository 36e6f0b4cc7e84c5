// Build checks: what Docker's linter says about a Dockerfile.
export { type CheckFacts, checkDockerfile, type Checked } from './check.ts';
export { type CheckOptions, readCheckOptions } from './config.ts';
export type { Finding } from './finding.ts';
export { type RuleName, RULES } from './rules.ts';
export type { BaseFacts } from './stage-checks.ts';
