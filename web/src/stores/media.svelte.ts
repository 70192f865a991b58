// What kind of screen this is.

class Media {
  isPhone = $state(false);

  constructor() {
    const query = window.matchMedia("(max-width: 860px)");
    this.isPhone = query.matches;
    query.addEventListener("change", () => (this.isPhone = query.matches));
  }
}

export const media = new Media();
