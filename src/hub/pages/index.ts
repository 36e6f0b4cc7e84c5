// What people see of the hub in a browser: pages made on the server, which can be read without script.
export { Pages } from './routes.ts';
