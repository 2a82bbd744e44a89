/** A question that is answered with yes or no. */
export interface Question {
  /** The answer shown: No until somebody has chosen otherwise. */
  readonly yes: boolean;
  readonly show: (yes: boolean) => void;
  readonly accept: () => void;
  readonly refuse: () => void;
}
