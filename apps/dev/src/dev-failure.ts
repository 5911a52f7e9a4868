/** A fault that the person at the keyboard can mend: printed as it is, without a stack. */
export class DevFailure extends Error {
  override readonly name = "DevFailure";
}
