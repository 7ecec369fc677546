declare module "htmx.org/dist/htmx.esm.js" {
  import type { Htmx } from "htmx.org";
  const htmx: Htmx;
  export default htmx;
}
