// Short messages about what has just happened. What must not be missed stands where it belongs instead.

export type Tone = "good" | "bad" | "plain";

export interface Toast {
  id: number;
  tone: Tone;
  text: string;
}

const SHOWN_FOR = 6_000;
const MOST = 4;

class Toasts {
  shown = $state<Toast[]>([]);
  private last = 0;

  say(text: string, tone: Tone = "plain"): void {
    const id = ++this.last;
    this.shown = [...this.shown.slice(1 - MOST), { id, tone, text }];
    setTimeout(() => this.dismiss(id), SHOWN_FOR);
  }

  dismiss(id: number): void {
    this.shown = this.shown.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
