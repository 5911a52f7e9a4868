-- Names of organizations are no key: a refusal of one that is taken would tell who else is a customer.
DROP INDEX "organization_name_key";
CREATE INDEX "organization_name_idx" ON "organization"("name");
