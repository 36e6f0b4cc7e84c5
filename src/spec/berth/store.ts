// Berth's own answers about images and their store.

export interface LayerLine {
  /** From 1, the lowest. */
  readonly layer: number;
  readonly diffId: string;
  /** The line of the history that made it. */
  readonly createdBy: string;
}

export interface ImageWhy {
  readonly path: string;
  /** The last first. */
  readonly touches: readonly (LayerLine & {
    readonly what: 'brought' | 'changed' | 'removed';
    readonly size: number;
  })[];
}

export interface ImageWaste {
  /** All that is hidden. */
  readonly bytes: number;
  /** The largest of them. */
  readonly files: readonly {
    readonly path: string;
    readonly bytes: number;
    readonly hidden: readonly LayerLine[];
    readonly by: LayerLine;
  }[];
}

export interface StoreCheck {
  readonly findings: readonly { readonly text: string; readonly repairable: boolean }[];
  readonly repaired: boolean;
  /** What a collection would keep and remove now, a line each. */
  readonly plan: string;
}
