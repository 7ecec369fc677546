"""Desktop notices and bells of a tab that nobody looks at, noted instead of shown."""

from __future__ import annotations

# In every page: `asked` (by a press?), `shown` as [title, body, open or closed], `sounds` begun.
NOTICES = """
window.asked = [];
window.shown = [];
window.sounds = 0;
window.Notification = class {
  static get permission() { return localStorage.getItem("permission") ?? "default"; }
  static async requestPermission() {
    window.asked.push(navigator.userActivation.isActive);
    localStorage.setItem("permission", "granted");
    return "granted";
  }
  constructor(title, { body }) { this.kept = [title, body, "open"]; window.shown.push(this.kept); }
  close() { this.kept[2] = "closed"; }
};
document.hasFocus = () => false;
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...args) { window.sounds += 1; return start.apply(this, args); };
"""
