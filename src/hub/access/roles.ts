// What each role lets one do with a repository, and which repositories it is for. Pure.
import { matchesPattern } from '../model/index.ts';

export type RepositoryAction = 'pull' | 'push' | 'delete';
export const ROLES = ['read', 'write', 'admin'] as const;
export type Role = (typeof ROLES)[number];

const MAY: Readonly<Record<Role, readonly RepositoryAction[]>> = {
  read: ['pull'],
  write: ['pull', 'push'],
  admin: ['pull', 'push', 'delete'],
};

export const roleAllows = (role: Role, action: RepositoryAction): boolean => MAY[role].includes(action);

export interface Permission {
  /** A name of a repository, with `*` for any part of it. */
  readonly pattern: string;
  readonly role: Role;
}

export function allows(permissions: readonly Permission[], repository: string, action: RepositoryAction): boolean {
  return permissions.some(({ pattern, role }) => MAY[role].includes(action) && matchesPattern(pattern, repository));
}
