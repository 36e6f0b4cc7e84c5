// A clock that only goes forwards at its own pace, whatever is done to the machine's clock: for how long ago something was, never for dates.

/** Milliseconds; the same for all of this process. */
export function steadyNow(): number {
  return performance.timeOrigin + performance.now();
}
