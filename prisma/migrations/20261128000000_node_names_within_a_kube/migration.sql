-- Operators name the nodes of a static kube, and two of them may choose the same names.

-- DropIndex
DROP INDEX "machine_node_name_key";

-- CreateIndex
CREATE UNIQUE INDEX "machine_kube_id_node_name_key" ON "machine"("kube_id", "node_name");

-- CreateIndex
CREATE INDEX "instance_node_name_idx" ON "instance"("node_name");
