// What the stream says of one's own orders and balances, by rules 6 and 7: a snapshot, then whole rows in the order of their sequence. What
// came before the snapshot with a higher sequence is applied after it.

interface Keyed<T> {
  sequence: number;
  rows: T[];
}

export class FollowedRows<T> {
  private rows = new Map<string, T>();
  private early: Keyed<T>[] = [];
  private sequence = -1;

  /** `keyOf`: by what a row replaces one; `stays`: whether a row that changed is still one of those that are followed. */
  constructor(
    private readonly keyOf: (row: T) => string,
    private readonly stays: (row: T) => boolean = () => true,
  ) {}

  get isLive(): boolean {
    return this.sequence >= 0;
  }

  all(): T[] {
    return [...this.rows.values()];
  }

  /** Nothing counts until the next snapshot; what was known stays to be looked at. */
  interrupt(): void {
    this.sequence = -1;
    this.early = [];
  }

  /** A snapshot may come in several messages of the same sequence. */
  snapshot(sequence: number, rows: T[]): void {
    if (this.sequence !== sequence) this.rows = new Map();
    this.sequence = sequence;
    for (const row of rows) this.rows.set(this.keyOf(row), row);
    const early = this.early.filter((change) => change.sequence > sequence);
    this.early = [];
    for (const change of early) this.take(change.rows);
  }

  /** Whether these rows are known now; those from before a snapshot wait for it. */
  change(sequence: number, rows: T[]): boolean {
    if (!this.isLive) {
      this.early.push({ sequence, rows });
      return false;
    }
    if (sequence <= this.sequence) return false;
    this.take(rows);
    return true;
  }

  private take(rows: T[]): void {
    for (const row of rows) {
      if (this.stays(row)) this.rows.set(this.keyOf(row), row);
      else this.rows.delete(this.keyOf(row));
    }
  }
}
