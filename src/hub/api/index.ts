// The hub's own API, in JSON.
export { type ApiRoute, apiRoutes } from './routes.ts';
