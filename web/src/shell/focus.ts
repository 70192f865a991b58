// Whoever has no mouse never loses their place: where what has the focus is taken away, what stands nearest gets it.

const FOCUSABLE = ':is(a[href], button, input, select, textarea, summary, [tabindex="0"]):not(:disabled, [tabindex="-1"])';

const within = (element: Element): HTMLElement[] => [...element.querySelectorAll<HTMLElement>(FOCUSABLE)].filter((each) => each.checkVisibility());

/** Of a row that took the place of another: what stands where the focus was. */
function counterpart(removed: Element, neighbour: Element, focused: Element): HTMLElement | undefined {
  const place = [...removed.querySelectorAll(FOCUSABLE)].indexOf(focused);
  const choices = within(neighbour);
  return choices[place] ?? choices.at(-1);
}

function isLike(neighbour: Node | null, removed: Element): neighbour is Element {
  return neighbour instanceof Element && neighbour.isConnected && neighbour.tagName === removed.tagName;
}

/** The first thing that can have the focus in the nearest part of the page that is left; the page itself where nothing near can. */
function nearest(from: Element, page: HTMLElement): HTMLElement {
  for (let part: Element | null = from; part !== null && part !== page; part = part.parentElement) {
    const [found] = part.matches(FOCUSABLE) ? [part as HTMLElement] : within(part);
    if (found !== undefined && page.contains(found)) return found;
  }
  return page;
}

/** Keeps the focus within `page` until the returned function is called. A pointer's place is not kept: nothing is pressed by Enter there. */
export function keepFocus(page: HTMLElement): () => void {
  let focused: Element | null = null;

  const took = (event: FocusEvent): void => {
    const target = event.target as Element;
    focused = page.contains(target) && target.matches(":focus-visible") && target.closest("dialog") === null ? target : null;
  };
  const pointed = (): void => void (focused = null);

  const observer = new MutationObserver((records) => {
    if (focused === null || focused.isConnected) return;
    const lost = focused;
    focused = null;
    if (document.activeElement !== document.body) return;
    for (const { target, removedNodes, nextSibling, previousSibling } of records) {
      for (const removed of removedNodes) {
        if (!(removed instanceof Element) || !removed.contains(lost)) continue;
        const neighbour = [nextSibling, previousSibling].find((each) => isLike(each, removed));
        const next = neighbour instanceof Element ? counterpart(removed, neighbour, lost) : undefined;
        const from = target.isConnected ? (target as Element) : page;
        (next ?? nearest(from, page)).focus();
        return;
      }
    }
    page.focus();
  });

  observer.observe(page, { childList: true, subtree: true });
  document.addEventListener("focusin", took);
  document.addEventListener("pointerdown", pointed);
  return () => {
    observer.disconnect();
    document.removeEventListener("focusin", took);
    document.removeEventListener("pointerdown", pointed);
  };
}
