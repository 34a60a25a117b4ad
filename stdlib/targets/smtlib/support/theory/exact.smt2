; Ways of rounding: SMT-LIB's own division rounds such that what is left is never negative.
(set-option :produce-models true)
(set-logic ALL)
(define-fun exact.div_floor ((a Int) (b Int)) Int (ite (> b 0) (div a b) (div (- a) (- b))))
(define-fun exact.div_ceiling ((a Int) (b Int)) Int (- (exact.div_floor (- a) b)))
(define-fun exact.div_down ((a Int) (b Int)) Int
  (ite (= (< a 0) (< b 0)) (exact.div_floor a b) (exact.div_ceiling a b)))
(define-fun exact.div_up ((a Int) (b Int)) Int
  (ite (= (< a 0) (< b 0)) (exact.div_ceiling a b) (exact.div_floor a b)))
(define-fun exact.mod ((a Int) (b Int)) Int (ite (> b 0) (mod a b) (- (mod (- a) (- b)))))
(define-fun exact.nearest ((a Int) (b Int) (even Bool)) Int
  (let ((below (div a b)) (twice (* 2 (mod a b))))
    (ite (< twice b) below
      (ite (> twice b) (+ below 1)
        (ite (ite even (= (mod below 2) 0) (< a 0)) below (+ below 1))))))
(define-fun exact.div_half_even ((a Int) (b Int)) Int
  (ite (> b 0) (exact.nearest a b true) (exact.nearest (- a) (- b) true)))
(define-fun exact.div_half_up ((a Int) (b Int)) Int
  (ite (> b 0) (exact.nearest a b false) (exact.nearest (- a) (- b) false)))
