/** What `dev --json` prints in one line when it is ready, and what lies in `ready.json` of its folder while it runs. */
export interface ReadyLine {
  readonly api_url: string;
  readonly operator_key: string;
  readonly customer_key: string;
}
