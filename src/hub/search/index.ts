// Search over the names and descriptions of repositories.
export { searchRoutes } from './routes.ts';
export { Search } from './search.ts';
