// Search over the names and descriptions of repositories, and over what their images are.
export { searchRoutes } from './routes.ts';
export { type Facets, type Question, Search, type SearchRow, type Sort, SORTS } from './search.ts';
