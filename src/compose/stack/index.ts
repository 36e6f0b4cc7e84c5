// Stacks: a Compose file for a cluster.
export { type Stack, STACK_LABEL, type ServiceBody } from './body.ts';
export { deploy, type DeployOptions, observeStack, stackFilter } from './deploy.ts';
export { planStack, stackPlanText } from './plan.ts';
export { stackOf } from './stack.ts';
