// Exact decimal numbers: whole units of 10^-scale as a bigint. Money never becomes a floating-point number.

export class Decimal {
  private constructor(
    readonly units: bigint,
    readonly scale: number,
  ) {}

  static readonly ZERO = new Decimal(0n, 0);

  static of(units: bigint, scale: number): Decimal {
    return new Decimal(units, scale);
  }

  /** The number of a text such as "-12.50"; null when it is none. */
  static parse(text: string): Decimal | null {
    const match = /^(-?)(\d{1,40})(?:\.(\d{0,30}))?$|^(-?)\.(\d{1,30})$/.exec(text.trim());
    if (match === null) return null;
    const sign = (match[1] ?? match[4]) === "-" ? -1n : 1n;
    const fraction = match[3] ?? match[5] ?? "";
    return new Decimal(sign * BigInt((match[2] ?? "0") + fraction), fraction.length);
  }

  /** Of a text that the server sent. */
  static from(text: string): Decimal {
    const found = Decimal.parse(text);
    if (found === null) throw new TypeError(`no decimal number: ${text}`);
    return found;
  }

  /** The same number, or the nearest towards zero (`down`) or away from it (`up`), with so many decimals. */
  rescale(scale: number, rounding: "down" | "up" = "down"): Decimal {
    if (scale === this.scale) return this;
    if (scale > this.scale) return new Decimal(this.units * 10n ** BigInt(scale - this.scale), scale);
    const divisor = 10n ** BigInt(this.scale - scale);
    const cut = this.units / divisor;
    const rest = this.units % divisor;
    return new Decimal(rest !== 0n && rounding === "up" ? cut + (this.units < 0n ? -1n : 1n) : cut, scale);
  }

  add(other: Decimal): Decimal {
    const scale = Math.max(this.scale, other.scale);
    return new Decimal(this.rescale(scale).units + other.rescale(scale).units, scale);
  }

  subtract(other: Decimal): Decimal {
    return this.add(new Decimal(-other.units, other.scale));
  }

  multiply(other: Decimal): Decimal {
    return new Decimal(this.units * other.units, this.scale + other.scale);
  }

  /** The quotient cut to so many decimals. */
  divide(other: Decimal, scale: number): Decimal {
    const shift = scale + other.scale - this.scale;
    const numerator = shift >= 0 ? this.units * 10n ** BigInt(shift) : this.units / 10n ** BigInt(-shift);
    return new Decimal(numerator / other.units, scale);
  }

  negate(): Decimal {
    return new Decimal(-this.units, this.scale);
  }

  compare(other: Decimal): number {
    const scale = Math.max(this.scale, other.scale);
    const here = this.rescale(scale).units;
    const there = other.rescale(scale).units;
    return here < there ? -1 : here > there ? 1 : 0;
  }

  equals(other: Decimal): boolean {
    return this.compare(other) === 0;
  }

  lessThan(other: Decimal): boolean {
    return this.compare(other) < 0;
  }

  get isZero(): boolean {
    return this.units === 0n;
  }

  get isPositive(): boolean {
    return this.units > 0n;
  }

  get isNegative(): boolean {
    return this.units < 0n;
  }

  /** With all its decimals: "12.50". */
  toString(): string {
    const negative = this.units < 0n;
    const digits = (negative ? -this.units : this.units).toString().padStart(this.scale + 1, "0");
    const whole = digits.slice(0, digits.length - this.scale);
    const text = this.scale > 0 ? `${whole}.${digits.slice(-this.scale)}` : whole;
    return negative ? `-${text}` : text;
  }

  /** Without zeros at its end: "12.5". */
  toShortString(): string {
    const text = this.toString();
    return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  }

  /** For positions on a screen only, never for money. */
  toApproximateNumber(): number {
    return Number(this.toString());
  }
}

export function sum(numbers: Iterable<Decimal>): Decimal {
  let total = Decimal.ZERO;
  for (const number of numbers) total = total.add(number);
  return total;
}

export function smaller(a: Decimal, b: Decimal): Decimal {
  return a.lessThan(b) ? a : b;
}
