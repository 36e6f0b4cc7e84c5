// Sources of a build that are elsewhere: git repositories and files of the web.
export { fetchGit, type GitCommit, resolveGit } from './git.ts';
export { type GitRef, parseGitRef, withoutPassword } from './git-ref.ts';
export { type Fetched, fetchHttp } from './http.ts';
export { isSsh } from './ssh.ts';
