// Sorts names so that numbers in them count: `v2` before `v10`.

/** A comparison for `sort`; plain code points, runs of digits by value. */
export function natural(a: string, b: string): number {
  const parts = (text: string): string[] => text.match(/\d+|\D+/g) ?? [];
  const [left, right] = [parts(a), parts(b)];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [x = '', y = ''] = [left[i], right[i]];
    if (x === y) continue;
    const order = /^\d/.test(x) && /^\d/.test(y) ? Number(x) - Number(y) : 0;
    return order !== 0 ? order : x < y ? -1 : 1;
  }
  return left.length - right.length;
}
