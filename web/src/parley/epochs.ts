/**
 * The epoch of a feed. Its numbers are valid within an epoch: after the marketplace was restored from a
 * backup, the same number can mean something else. A missing epoch is not treated as a different one.
 */

/** The fields that accompany a feed's numbers in answers and pushes. */
export interface WithEpoch {
  epoch?: string | null;
  /** The answer does not continue from the number in the request. */
  is_snapshot?: boolean;
}

export const isOtherEpoch = (known: string | null, received: string | null | undefined): boolean =>
  known !== null && received != null && known !== received;
