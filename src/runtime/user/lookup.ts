// A `--user` looked up in the text of /etc/passwd and /etc/group, as docker and runc do.
import { invalid } from '../../base/errors.ts';
import type { ResolvedUser } from '../spec/index.ts';

const MAX_ID = 2 ** 31 - 1;

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/**
 * `spec` is `name|uid[:group|gid]`; empty is root. `groupAdd` are names or numbers of further groups.
 * Throws invalid: `unable to find user x: no matching entries in passwd file`, the same for groups, and ids out of range.
 */
export function lookupUser(
  passwdText: string,
  groupText: string,
  spec: string,
  groupAdd: readonly string[] = [],
): ResolvedUser {
  const at = spec.indexOf(':');
  const [userPart, groupPart] = at < 0 ? [spec, ''] : [spec.slice(0, at), spec.slice(at + 1)];
  const groups = parseGroups(groupText);
  const user = findUser(parsePasswd(passwdText), userPart);
  const gid = groupPart === '' ? user.gid : findGroup(groups, groupPart);
  // A group that was asked for stands alone; otherwise the user's memberships come along.
  const memberships =
    groupPart === '' && user.name !== '' ? groups.filter((one) => one.members.includes(user.name)) : [];
  const additional = [gid, ...memberships.map((one) => one.gid), ...groupAdd.map((one) => addedGroup(groups, one))];
  return {
    uid: inRange(user.uid),
    gid: inRange(gid),
    additionalGids: [...new Set(additional.map(inRange))],
    home: user.home,
  };
}

function findUser(entries: readonly PasswdEntry[], part: string): PasswdEntry {
  const uid = part === '' ? 0 : idOf(part);
  const found = entries.find((one) => (uid === undefined ? one.name === part : one.uid === uid));
  if (found) return found;
  if (uid === undefined) throw invalid(`unable to find user ${part}: no matching entries in passwd file`);
  return { name: '', uid: inRange(uid), gid: 0, home: '/' };
}

function findGroup(entries: readonly GroupEntry[], part: string): number {
  const gid = idOf(part);
  const found = entries.find((one) => (gid === undefined ? one.name === part : one.gid === gid));
  if (found) return found.gid;
  if (gid === undefined) throw invalid(`unable to find group ${part}: no matching entries in group file`);
  return inRange(gid);
}

/** A name first, so that a group with a number for a name is found. */
function addedGroup(entries: readonly GroupEntry[], part: string): number {
  const found = entries.find((one) => one.name === part || String(one.gid) === part);
  if (found) return found.gid;
  const gid = idOf(part);
  if (gid === undefined) throw invalid(`unable to find group ${part}: no matching entries in group file`);
  return inRange(gid);
}

/** Whole numbers are ids, whatever their size; anything else is a name. */
function idOf(text: string): number | undefined {
  return /^[+-]?\d+$/.test(text) ? Number(text) : undefined;
}

function inRange(id: number): number {
  if (id < 0 || id > MAX_ID) throw invalid(`uids and gids must be in range 0-${MAX_ID}`);
  return id;
}

/** Lines without numbers where numbers belong are no entries: read as 0 they would make someone root. */
function parsePasswd(text: string): PasswdEntry[] {
  return lines(text).flatMap(([name = '', , uid = '', gid = '', , home = '']) =>
    isId(uid) && isId(gid) ? [{ name, uid: Number(uid), gid: Number(gid), home }] : [],
  );
}

function parseGroups(text: string): GroupEntry[] {
  return lines(text).flatMap(([name = '', , gid = '', members = '']) =>
    isId(gid) ? [{ name, gid: Number(gid), members: members.split(',') }] : [],
  );
}

const isId = (text: string): boolean => /^\d{1,15}$/.test(text);

function lines(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.replace(/\r$/, '').split(':'));
}
