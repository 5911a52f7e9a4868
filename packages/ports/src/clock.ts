/** The only source of time in loops. Leases use the database's clock instead. */
export interface Clock {
  now(): Date;
}
