// karpenter-bench: Karpenter's own provisioning scheduler on instance types and pods read from JSON.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"sort"
	"strings"
	"syscall"
	"time"

	"github.com/samber/lo"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/record"
	"k8s.io/utils/clock"
	fakecr "sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/log"

	v1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/karpenter/pkg/cloudprovider"
	"sigs.k8s.io/karpenter/pkg/cloudprovider/fake"
	"sigs.k8s.io/karpenter/pkg/controllers/provisioning/scheduling"
	"sigs.k8s.io/karpenter/pkg/controllers/state"
	"sigs.k8s.io/karpenter/pkg/events"
	"sigs.k8s.io/karpenter/pkg/operator/injection"
	"sigs.k8s.io/karpenter/pkg/operator/logging"
	"sigs.k8s.io/karpenter/pkg/operator/options"
	ksched "sigs.k8s.io/karpenter/pkg/scheduling"
	"sigs.k8s.io/karpenter/pkg/test"
)

type itype struct {
	Name            string   `json:"name"`
	CPUMilli        int64    `json:"cpuMilli"`
	MemMiB          int64    `json:"memMiB"`
	Pods            int64    `json:"pods"`
	ReservedCPU     int64    `json:"reservedCpuMilli"`
	ReservedMemMiB  int64    `json:"reservedMemMiB"`
	Price           float64  `json:"price"`
	Zones           []string `json:"zones"`
	CapacityType    string   `json:"capacityType"`
	ReservationID   string   `json:"reservationId"`
	ReservationSize int      `json:"reservationSize"`
}
type pod struct {
	Name     string `json:"name"`
	CPUMilli int64  `json:"cpuMilli"`
	MemMiB   int64  `json:"memMiB"`
	Zone     string `json:"zone"`
}

func must[T any](v T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	return v
}
func load[T any](f string) (v T)      { must(0, json.Unmarshal(must(os.ReadFile(f)), &v)); return }
func milli(n int64) resource.Quantity { return *resource.NewMilliQuantity(n, resource.DecimalSI) }
func mib(n int64) resource.Quantity   { return *resource.NewQuantity(n<<20, resource.BinarySI) }

// cpuSeconds is what all threads have used so far.
func cpuSeconds() float64 {
	var used syscall.Rusage
	must(0, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}

func toKarp(t itype) *cloudprovider.InstanceType {
	ct := t.CapacityType
	if ct == "" {
		ct = v1.CapacityTypeOnDemand
	}
	it := &cloudprovider.InstanceType{
		Name: t.Name,
		Requirements: ksched.NewRequirements(
			ksched.NewRequirement(corev1.LabelInstanceTypeStable, corev1.NodeSelectorOpIn, t.Name),
			ksched.NewRequirement(corev1.LabelArchStable, corev1.NodeSelectorOpIn, "amd64"),
			ksched.NewRequirement(corev1.LabelOSStable, corev1.NodeSelectorOpIn, "linux"),
			ksched.NewRequirement(corev1.LabelTopologyZone, corev1.NodeSelectorOpIn, t.Zones...),
			ksched.NewRequirement(v1.CapacityTypeLabelKey, corev1.NodeSelectorOpIn, ct),
		),
		Capacity: corev1.ResourceList{
			corev1.ResourceCPU: milli(t.CPUMilli), corev1.ResourceMemory: mib(t.MemMiB),
			corev1.ResourcePods: *resource.NewQuantity(t.Pods, resource.DecimalSI),
		},
		Overhead: &cloudprovider.InstanceTypeOverhead{KubeReserved: corev1.ResourceList{
			corev1.ResourceCPU: milli(t.ReservedCPU), corev1.ResourceMemory: mib(t.ReservedMemMiB),
		}},
	}
	for _, z := range t.Zones {
		it.Offerings = append(it.Offerings, &cloudprovider.Offering{
			Available: true, Price: t.Price,
			Requirements: ksched.NewLabelRequirements(map[string]string{
				v1.CapacityTypeLabelKey: ct, corev1.LabelTopologyZone: z,
			}),
		})
	}
	return it
}

func main() {
	tf := flag.String("types", "types.json", "")
	pf := flag.String("pods", "pods.json", "")
	of := flag.String("out", "", "write the node claims (type, zone, pod names) here")
	conc := flag.Int("c", runtime.NumCPU(), "NumConcurrentReconciles")
	split := flag.String("pools", "", `sizes per NodePool, highest weight first, e.g. "large,xlarge,2xlarge;4xlarge,8xlarge"; empty: one NodePool`)
	flag.Parse()
	log.SetLogger(logging.NopLogger)
	ctx := options.ToContext(injection.WithControllerName(context.Background(), "provisioner"), test.Options())

	its := []*cloudprovider.InstanceType{}
	byName := map[string]itype{}
	for _, t := range load[[]itype](*tf) {
		its = append(its, toKarp(t))
		byName[t.Name] = t
	}
	var pods []*corev1.Pod
	for i, p := range load[[]pod](*pf) {
		cp := &corev1.Pod{ // the order of equal pods follows the UID, so it is made deterministic
			ObjectMeta: metav1.ObjectMeta{Name: p.Name, Namespace: "default", UID: types.UID(fmt.Sprintf("%08d", i))},
			Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "es", Resources: corev1.ResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceCPU: milli(p.CPUMilli), corev1.ResourceMemory: mib(p.MemMiB)},
			}}}},
			Status: corev1.PodStatus{Phase: corev1.PodPending},
		}
		if p.Zone != "" {
			cp.Spec.NodeSelector = map[string]string{corev1.LabelTopologyZone: p.Zone}
		}
		pods = append(pods, cp)
	}
	var nps []*v1.NodePool
	m := map[string][]*cloudprovider.InstanceType{}
	for i, sizes := range strings.Split(*split, ";") {
		// test.NodePool limits itself to 2000 CPUs unless told otherwise
		np := test.NodePool(v1.NodePool{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("pool-%d", i)}, Spec: v1.NodePoolSpec{
			Weight: lo.ToPtr(int32(100 - i)),
			Limits: v1.Limits{corev1.ResourceCPU: resource.MustParse("10000000"), corev1.ResourceMemory: resource.MustParse("10000000Gi")},
		}})
		nps = append(nps, np)
		for _, it := range its {
			if _, size, _ := strings.Cut(it.Name, "."); sizes == "" || slices.Contains(strings.Split(sizes, ","), size) {
				m[np.Name] = append(m[np.Name], it)
			}
		}
	}
	cp := fake.NewCloudProvider()
	cp.InstanceTypes = its
	cl, ck := fakecr.NewFakeClient(), &clock.RealClock{}
	cluster := state.NewCluster(ck, cl, cp)
	opt := []scheduling.Options{scheduling.NumConcurrentReconciles(*conc)}
	start, cpuBefore := time.Now(), cpuSeconds()
	topo := must(scheduling.NewTopology(ctx, cl, cluster, nil, nps, m, pods, opt...))
	s := scheduling.NewScheduler(ctx, cl, nps, cluster, nil, topo, m, nil,
		events.NewRecorder(&record.FakeRecorder{}), ck, nil, nil, opt...)
	res := must(s.Solve(ctx, pods))
	secs, cpu := time.Since(start).Seconds(), cpuSeconds()-cpuBefore

	type node struct {
		Type  string   `json:"type"`
		Zone  string   `json:"zone"`
		Price float64  `json:"price"`
		Pods  []string `json:"pods"`
	}
	var nodes []node
	total, worst, placed := 0.0, 0.0, 0
	count := map[string]int{}
	var uc, um, cc, cm int64
	for _, nc := range res.NewNodeClaims {
		best, high, bt, bz := math.Inf(1), 0.0, "", ""
		for _, it := range nc.InstanceTypeOptions {
			for _, o := range it.Offerings.Available().Compatible(nc.Requirements) {
				if o.Price < best || (o.Price == best && it.Name < bt) {
					best, bt, bz = o.Price, it.Name, o.Zone()
				}
				high = math.Max(high, o.Price)
			}
		}
		n := node{Type: bt, Zone: bz, Price: best}
		for _, p := range nc.Pods {
			n.Pods = append(n.Pods, p.Name)
			r := p.Spec.Containers[0].Resources.Requests
			uc += r.Cpu().MilliValue()
			um += r.Memory().Value() >> 20
		}
		cc += byName[bt].CPUMilli - byName[bt].ReservedCPU
		cm += byName[bt].MemMiB - byName[bt].ReservedMemMiB
		placed += len(nc.Pods)
		total += best
		worst += high
		count[bt]++
		nodes = append(nodes, n)
	}
	names := make([]string, 0, len(count))
	for k := range count {
		names = append(names, k)
	}
	sort.Slice(names, func(i, j int) bool { return count[names[i]] > count[names[j]] })
	if len(names) > 12 {
		names = names[:12]
	}
	top := map[string]int{}
	for _, n := range names {
		top[n] = count[n]
	}
	if *of != "" {
		must(0, os.WriteFile(*of, must(json.Marshal(nodes)), 0o644))
	}
	fmt.Println(string(must(json.Marshal(map[string]any{
		"scheduler": "karpenter", "pods": len(pods), "placed": placed, "errors": len(res.PodErrors),
		"nodes": len(res.NewNodeClaims), "usdPerHour": math.Round(total*1e4) / 1e4, "seconds": math.Round(secs*1e3) / 1e3,
		"cpuSeconds": math.Round(cpu*1e3) / 1e3,
		"cpuUsed":    math.Round(float64(uc)/float64(cc)*1e3) / 1e3, "memUsed": math.Round(float64(um)/float64(cm)*1e3) / 1e3, "topTypes": top,
	}))))
}
