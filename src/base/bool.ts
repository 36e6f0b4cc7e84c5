// Booleans as Go reads them, which is what Docker takes in filters, options and flags. Pure.

/** strconv.ParseBool; undefined for what is neither. */
export function parseBool(text: string): boolean | undefined {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true;
  if (/^(0|f|F|FALSE|false|False)$/.test(text)) return false;
  return undefined;
}
