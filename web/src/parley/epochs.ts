/**
 * A feed's numbers hold within its epoch: after the marketplace was restored from a backup the same
 * numbers can stand for something else. What knows no epoch says nothing about it.
 */

/** What answers with a feed's numbers tell besides them. */
export interface Numbered {
  epoch?: string | null;
  /** The answer does not go on from the number that was asked about. */
  is_snapshot?: boolean;
}

export const isOtherEpoch = (known: string | null, told: string | null | undefined): boolean =>
  known !== null && told != null && known !== told;
