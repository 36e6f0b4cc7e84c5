// What Berth's API has beyond Docker's.
export type { Explanation, ExplainStep, PublishedPort } from './network.ts';
