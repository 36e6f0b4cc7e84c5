// What is wrong with the form of a placement constraint, in Swarm's words. Pure.
export function constraintProblem(text: string): string | undefined {
  const at = text.search(/==|!=/);
  if (at < 0) return 'constraint expected one operator from ==, !=';
  const key = text.slice(0, at);
  const value = text.slice(at + 2);
  if (!/^[a-z0-9A-Z-_./]+$/.test(key.trim())) return `key '${key.trim()}' is invalid`;
  return /^[a-z0-9:\-_\s./*()?+[\]\\^$|]+$/i.test(value.trim()) ? undefined : `value '${value.trim()}' is invalid`;
}
