// Speaking to registries.
export { login } from './login.ts';
